import { type RefCallback, useCallback } from 'react';

/** Brings what is chosen into sight, in a row that scrolls sideways: a tab of a narrow page may lie beyond the edge. */
export function useShown(isChosen: boolean): RefCallback<HTMLElement> {
  return useCallback((element: HTMLElement | null) => void (isChosen && element?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' })), [isChosen]);
}
