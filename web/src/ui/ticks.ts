/** Which of the points of an axis are named: the first, the last or near it, and evenly between. Pure. */
export function ticksOf(points: number[], most: number): number[] {
  const step = Math.max(1, Math.ceil(points.length / Math.max(1, most)));
  return points.filter((_, index) => index % step === 0);
}
