import { type RefObject, useEffect, useRef } from 'react';

/** A reader this near to the end wants to stay there. */
const NEAR_PX = 40;

/**
 * For a box whose end stays in view while it grows, unless the reader has scrolled up to read. `id` names
 * what it shows: with another one it begins at its end again. `content` is what grows.
 */
export function useFollowing(id: unknown, content: unknown): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    // Growing scrolls nothing, so this is where the reader went.
    const note = () => (isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX);
    element.addEventListener('scroll', note);
    return () => element.removeEventListener('scroll', note);
  }, []);
  useEffect(() => {
    isAtEnd.current = true;
  }, [id]);
  useEffect(() => {
    if (isAtEnd.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [content]);
  return box;
}
