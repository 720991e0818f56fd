/** The drawings, on a grid of 16: one stroke, the colour of the text around them. */

const PATHS = {
  home: 'M2.5 7 8 2.5 13.5 7v6a.5.5 0 0 1-.5.5H9.8V9.7H6.2v3.8H3a.5.5 0 0 1-.5-.5z',
  search: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM14 14l-3.4-3.4',
  users: 'M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M10.5 2.8a2.5 2.5 0 0 1 0 4.4M12 9.8c1.6.5 2.5 1.8 2.5 3.7',
  building: 'M3 14V2.5h7V14M10 6h3v8M1.5 14h13M5.2 5h2.6M5.2 8h2.6M5.2 11h2.6',
  book: 'M3 2.5h8.5a1 1 0 0 1 1 1v10H4a1.5 1.5 0 0 1-1.5-1.5v-9M12.5 11H4a1.5 1.5 0 0 0-1.5 1.5M5.5 5.5h4',
  jobs: 'M8 4.5V8l2.3 1.6M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z',
  audit: 'M4 2h6l3 3v9H4zM9.8 2v3.2H13M6.3 8h4M6.3 10.8h4',
  usage: 'M2.5 13.5h11M4.5 11V7.5M8 11V3M11.5 11V5.5',
  hook: 'M6.2 9.6a2.6 2.6 0 1 1-2.9-4M6.4 6.6 8 3.9a2.5 2.5 0 1 1 3.8 2.7M6 11.3h4.2a2.4 2.4 0 1 1 1 2.4M9.8 4.8l1.9 3.4',
  key: 'M10.2 9.3a3.6 3.6 0 1 0-3.5-2.7L2 11.3V14h2.7v-1.8h1.8v-1.8l1.2-1.2a3.6 3.6 0 0 0 2.5.1zM11.2 4.8h.01',
  prompt: 'M2.5 3h11v8h-6l-3 2.5V11h-2zM5.2 6h5.6M5.2 8.3h3.6',
  chat: 'M6 2.5h7.5V9H12v2L9.8 9H6zM4 6H2.5v6.5H4v2l2.2-2H10V11',
  clip: 'M12.5 7.5 8 12a2.8 2.8 0 0 1-4-4l5-5a1.9 1.9 0 0 1 2.7 2.7l-4.9 4.9a.9.9 0 0 1-1.3-1.3L10 4.8',
  logs: 'M2.5 3.5h11M2.5 6.5h8M2.5 9.5h11M2.5 12.5h6',
  about: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.3V11M8 5h.01',
  plus: 'M8 3v10M3 8h10',
  check: 'm3 8.5 3.2 3.2L13 5',
  close: 'm3.5 3.5 9 9M12.5 3.5l-9 9',
  down: 'm4 6 4 4 4-4',
  right: 'm6 4 4 4-4 4',
  left: 'm10 4-4 4 4 4',
  up: 'm4 10 4-4 4 4',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  upload: 'M8 10.5V3M5 5.5 8 2.5l3 3M2.5 10.5v3h11v-3',
  download: 'M8 2.5V10M5 7.5l3 3 3-3M2.5 10.5v3h11v-3',
  play: 'M5 3v10l8-5z',
  stop: 'M4 4h8v8H4z',
  model: 'M5 5h6v6H5zM3 3h10v10H3zM6 3V1.2M10 3V1.2M6 14.8V13M10 14.8V13M3 6H1.2M3 10H1.2M14.8 6H13M14.8 10H13',
  lock: 'M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2',
  warn: 'M8 2.5 14.5 13.5h-13zM8 6.5v3.2M8 11.7h.01',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  edit: 'm10.5 3 2.5 2.5-7.5 7.5H3v-2.5z',
  trash: 'M2.5 4h11M6 4V2.5h4V4M4 4l.7 9.5h6.6L12 4M6.8 6.8v4M9.2 6.8v4',
  undo: 'M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H6',
  menu: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5v1.6M8 12.9v1.6M1.5 8h1.6M12.9 8h1.6M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M3.4 12.6l1.1-1.1M11.5 4.5l1.1-1.1',
  moon: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z',
  screen: 'M2 3h12v8H2zM5.5 13.5h5M8 11v2.5',
  person: 'M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c0-3 2.5-4.5 5.5-4.5s5.5 1.5 5.5 4.5',
  compare: 'M5 2.5v11M5 13.5l-2.5-2.5M5 13.5 7.5 11M11 13.5v-11M11 2.5 8.5 5M11 2.5 13.5 5',
  history: 'M2.5 8a5.5 5.5 0 1 0 1.8-4.1L2.5 5.5M2.5 2.5v3h3M8 5v3.2l2 1.3',
  bulb: 'M6 13.5h4M6.3 11.5C4.9 10.6 4 9.2 4 7.5a4 4 0 0 1 8 0c0 1.7-.9 3.1-2.3 4z',
  link: 'M6.5 9.5l3-3M7 4.5l1.3-1.3a2.6 2.6 0 0 1 3.7 3.7L10.7 8M9 11.5l-1.3 1.3A2.6 2.6 0 0 1 4 9.1L5.3 7.8',
  refresh: 'M13.5 8a5.5 5.5 0 1 1-1.6-3.9l1.6 1.5M13.5 2.6v3h-3',
  out: 'M6.5 2.5h-4v11h4M10.5 5l3 3-3 3M13.5 8H6',
  file: 'M4 2h5.5L13 5.5V14H4zM9.3 2v3.7H13',
  pages: 'M5.5 2h5L13.5 5v6.5h-8zM10.2 2v3.3h3.3M5.5 4.5h-3V14h8v-2.5',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  keyboard: 'M1.5 4.5h13v7h-13zM4 7h.01M6.7 7h.01M9.3 7h.01M12 7h.01M5 9.3h6',
  globe: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c3.5 4 3.5 8 0 12-3.5-4-3.5-8 0-12z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size }: { name: IconName; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false" style={size ? { width: size, height: size } : undefined}>
      <path d={PATHS[name]} strokeWidth={name === 'more' ? 2.6 : undefined} />
    </svg>
  );
}
