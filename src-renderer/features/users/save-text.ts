/** Hands a text to the browser's own saving, without any server. */

export function saveText(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken the bytes when the click returns.
  URL.revokeObjectURL(address);
}
