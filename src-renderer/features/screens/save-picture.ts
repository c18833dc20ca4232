/** Hands the picture of a screen to the browser's own saving. */
import type { RemoteScreen } from './screen-session.ts';

/** `name`: without an extension. */
export function savePicture(screen: RemoteScreen, name: string): void {
  screen.toBlob((blob) => {
    if (blob === null) return;
    const address = URL.createObjectURL(blob);
    const link = document.createElement('a');
    link.href = address;
    link.download = `${name}.png`;
    link.click();
    // The browser has taken the bytes when the click returns.
    URL.revokeObjectURL(address);
  }, 'image/png');
}
