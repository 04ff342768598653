/** The columns in which the server arranges so many cameras: as many as there are rows, or one more. */
export const columns = (count: number) => Math.max(1, Math.ceil(Math.sqrt(count)));
