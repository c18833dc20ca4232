/** A time as an input of the kind `datetime-local` holds it, in the window's own time zone (HTML, 4.10.5.1.11). */
export function localTime(date: Date): string {
  const pad = (value: number) => String(value).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}
