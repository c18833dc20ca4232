/** How high a row of a list is: virtual lists must know it before they draw one. */
import { useEffect, useState } from 'react';

/** Pixels, as tokens.css says: more where fingers are used. */
export function useRowHeight(): number {
  const [heightPx, setHeightPx] = useState(26);
  useEffect(() => {
    const read = () => {
      const text = getComputedStyle(document.documentElement).getPropertyValue('--row-height');
      setHeightPx(Number.parseFloat(text) || 26);
    };
    read();
    const coarse = window.matchMedia('(pointer: coarse)');
    coarse.addEventListener('change', read);
    return () => coarse.removeEventListener('change', read);
  }, []);
  return heightPx;
}
