/** What can be done with a chat as a whole. */
import type { ChatView } from '../../api/types';
import type { MenuItem } from '../../ui/Menu';

export interface ChatAct {
  kind: 'rename' | 'title' | 'export' | 'delete';
  chat: ChatView;
}

export function actsOn(chat: ChatView, run: (act: ChatAct) => void): MenuItem[] {
  return [
    { label: 'Rename', icon: 'edit', run: () => run({ kind: 'rename', chat }) },
    { label: 'Find a title', icon: 'bulb', run: () => run({ kind: 'title', chat }) },
    { label: 'Export', icon: 'download', run: () => run({ kind: 'export', chat }) },
    { label: 'Delete', icon: 'trash', bad: true, apart: true, run: () => run({ kind: 'delete', chat }) },
  ];
}
