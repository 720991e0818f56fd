/** A list that is read page by page, as a {@link DataTable}: what its query knows goes where the table wants it. */
import { DataTable, type TableOf } from './DataTable';
import { type Pages, rowsOf, totalOf } from './cursor';

/** As much of a query's result as is needed here. */
interface Reading<T> {
  data: Pages<T> | undefined;
  isPending: boolean;
  isPlaceholderData: boolean;
  isFetchingNextPage: boolean;
  hasNextPage: boolean;
  error: unknown;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

export function ListTable<T extends { id: string }>({ query, ...table }: TableOf<T> & { query: Reading<T> }) {
  return (
    <DataTable
      {...table}
      rows={rowsOf(query.data)}
      total={totalOf(query.data)}
      isPending={query.isPending}
      isStale={query.isPlaceholderData}
      isFetchingMore={query.isFetchingNextPage}
      hasMore={query.hasNextPage}
      error={query.error}
      onMore={() => void query.fetchNextPage()}
      onRetry={() => void query.refetch()}
    />
  );
}
