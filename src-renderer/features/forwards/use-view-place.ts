/** Follows where an element is and what is in front of it, for as long as `isWanted`. */
import { type RefObject, useEffect, useRef } from 'react';
import { type Cover, type ViewPlace, viewPlace } from './view-place.ts';

/** Attributes by which parts of the page move, open and close. */
const telling = ['class', 'style', 'hidden', 'data-open', 'data-closed', 'data-separator'];

/** `onPlace` is called when something may have changed, also with what it was told before. */
export function useViewPlace(
  element: RefObject<HTMLElement | null>,
  isWanted: boolean,
  onPlace: (place: ViewPlace) => void,
): void {
  const told = useRef(onPlace);
  told.current = onPlace;
  useEffect(() => {
    const box = element.current;
    if (!isWanted || box === null) {
      told.current({ kind: 'hidden', isCovered: false });
      return;
    }
    let frame = 0;
    const look = () => {
      frame = 0;
      told.current(viewPlace(box.getBoundingClientRect(), coversOf(document), isDragging(document)));
    };
    const lookSoon = () => {
      if (frame === 0) frame = requestAnimationFrame(look);
    };
    look();
    const sizes = new ResizeObserver(lookSoon);
    sizes.observe(box);
    const changes = new MutationObserver(lookSoon);
    changes.observe(document.body, {
      ...{ childList: true, subtree: true, attributes: true, attributeFilter: telling },
    });
    window.addEventListener('resize', lookSoon);
    // What slides in is only where it belongs at the end.
    document.addEventListener('transitionend', lookSoon);
    return () => {
      cancelAnimationFrame(frame);
      sizes.disconnect();
      changes.disconnect();
      window.removeEventListener('resize', lookSoon);
      document.removeEventListener('transitionend', lookSoon);
    };
  }, [element, isWanted]);
}

function coversOf(page: Document): readonly Cover[] {
  return [...page.querySelectorAll<HTMLElement>('.floating')]
    .filter((one) => one.checkVisibility())
    .map((one) => {
      const { left, top, right, bottom } = one.getBoundingClientRect();
      return { left, top, right, bottom, isNotice: one.closest('[data-notices]') !== null };
    });
}

/** A tab, or the line between two panes: both need every movement of the pointer. */
function isDragging(page: Document): boolean {
  return page.querySelector('[data-covers-pages], [data-separator="active"]') !== null;
}
