/** Single pictures of a clip. Knows no React. */

export const SPEEDS = [0.25, 0.5, 1, 2, 4] as const;

/** How long one picture of a clip is shown, in seconds; they needn't be equally long. */
export function frameSeconds({ frames, seconds }: { frames: number; seconds: number }): number {
  return frames > 0 && seconds > 0 ? seconds / frames : 0.1;
}

/** Where the picture after or before the one at `time` is: in its middle, which is surely that picture. */
export function stepped(time: number, by: number, frame: number, duration: number): number {
  // A time in the middle of a picture, with what arithmetic leaves of it.
  const index = Math.floor(time / frame + 1e-6);
  const last = Math.max(0, Math.ceil(duration / frame - 1e-6) - 1);
  return (Math.min(last, Math.max(0, index + by)) + 0.5) * frame;
}
