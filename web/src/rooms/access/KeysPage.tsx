import { useHouse } from '../../app/house';
import { Page } from '../../ui/Page';
import { KeyTable } from './KeyTable';
import { SigningKeys } from './SigningKeys';

export default function KeysPage() {
  const { tenant, can } = useHouse();
  return (
    <Page title="Keys" about="Programs sign in with a key. It can do what its scopes allow, for as long as it holds.">
      <KeyTable tenant={tenant} />
      {can('manage_configuration') && <SigningKeys />}
    </Page>
  );
}
