import { type UseMutationResult, useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import type { PreviewView } from '../../api/types';
import { preview as readPreview, refusal } from './upload';

/** A file that was chosen, and how the server understands it. */
export interface ReadFile {
  file: File | null;
  /** Why it was not even sent. */
  wrong: string | null;
  preview: UseMutationResult<PreviewView, Error, File>;
  take: (file: File) => void;
}

/** Reads a file as soon as it is chosen; the next one takes its place. */
export function useReading(collection: string, limits: { formats: string[]; max_bytes: number } | null): ReadFile {
  const [file, setFile] = useState<File | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const preview = useMutation({ mutationFn: (next: File) => readPreview(collection, next) });
  const take = (next: File) => {
    const fault = limits && refusal(next, limits);
    setWrong(fault);
    setFile(fault ? null : next);
    preview.reset();
    if (!fault) preview.mutate(next);
  };
  return { file, wrong, preview, take };
}
