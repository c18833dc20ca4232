/** What stands at the foot of the window with buttons of its own is not covered by new notices: they stand on it. */

/** Pixels of the window's foot that each has, while it is drawn at the lower right. */
const floors = new Map<Element, number>();
/** About as wide as a notice: what ends further left is beside them. */
const noticeWidthPx = 400;

/** For the `ref` of what has buttons at the foot of the window. `--toast-floor` (px) at the root says where notices stand. */
export function toastFloor(element: HTMLElement | null): (() => void) | undefined {
  if (element === null) return undefined;
  const measure = () => {
    const box = element.getBoundingClientRect();
    // One in a tab behind has no size.
    const isThere = box.height > 0 && box.right > window.innerWidth - noticeWidthPx;
    tell(element, isThere ? window.innerHeight - box.top : 0);
  };
  const observer = new ResizeObserver(measure);
  observer.observe(element);
  return () => {
    observer.disconnect();
    tell(element, 0);
  };
}

function tell(element: Element, heightPx: number): void {
  if (heightPx > 0) floors.set(element, heightPx);
  else floors.delete(element);
  const { style } = document.documentElement;
  if (floors.size === 0) style.removeProperty('--toast-floor');
  else style.setProperty('--toast-floor', `${Math.round(Math.max(...floors.values()))}px`);
}
