/** The head of the home page. */
import { useApp } from '../../state/app-context.tsx';

/** What other features have for the head of this page. */
export function HomeParts() {
  return useApp().homeParts.map((Part) => <Part key={Part.displayName ?? Part.name} />);
}
