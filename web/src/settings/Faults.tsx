import type { Fault } from '../api/types.ts';

/** What is wrong, in the words of the configuration file's checks. */
export function Faults({ list, id }: { list: Fault[]; id?: string }) {
  if (list.length === 0) return null;
  return (
    <div id={id} className="fault" role="alert" lang="en">
      {list.map(({ text }) => (
        <p key={text}>{text}</p>
      ))}
    </div>
  );
}
