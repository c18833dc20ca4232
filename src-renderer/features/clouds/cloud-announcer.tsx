/** Says once when a budget comes near or is used up, and when something is found that costs and is not known. Draws nothing. */
import { useEffect } from 'react';
import type { FoundResource } from '#contract/clouds.ts';
import { useApp, useClouds } from '../../state/app-context.tsx';
import type { NewNotice } from '../../state/notices.ts';
import { activeTab } from '../../state/view-state.ts';
import { type BudgetState, budgetWarning, graverBudgets } from './cost-words.ts';
import { newFinds } from './new-finds.ts';
import { foundTitle } from './found-words.ts';
import { useProviders } from '../../state/use-providers.ts';
import { commonWords } from './provider-words.ts';

/** Where the same stands on the page, or its button would lie below a toast. */
const pages: ReadonlySet<string> = new Set(['clouds', 'create-machine']);

export function CloudAnnouncer() {
  const app = useApp();
  // Without an account there is nothing to tell, and for who may not see any there is none.
  const providers = useProviders(useClouds().items.length > 0).answer;
  useEffect(() => {
    const { mirror, notices, view } = app;
    const isLookedAt = () => pages.has(activeTab(view.getState())?.ref.type ?? '');
    const action = { label: 'Look', run: () => view.actions.open({ type: 'clouds' }) };
    let shownIds: readonly number[] = [];
    const show = (notice: NewNotice) => {
      shownIds = [...shownIds, notices.show(notice)];
    };
    /** Whoever looks at the page sees it there. */
    const hideWhereSeen = () => {
      if (!isLookedAt()) return;
      for (const id of shownIds) notices.hide(id);
      shownIds = [];
    };
    let told: readonly BudgetState[] | null = null;
    const tellBudgets = () => {
      const { value } = mirror.costs.getState();
      const clouds = mirror.clouds.getState();
      if (value === null || clouds.status !== 'ready') return;
      for (const budget of graverBudgets(told, value.budgets)) {
        const label = clouds.byId.get(budget.cloudId)?.label ?? 'an account';
        const warning = budgetWarning(budget, label);
        if (warning !== null && !isLookedAt())
          show({
            level: 'warning',
            title: warning.title,
            body: `${warning.spent} ${warning.forecast}`.trim(),
            action,
          });
      }
      told = value.budgets;
    };
    let known: ReadonlyMap<string, FoundResource> = new Map();
    const tellFinds = () => {
      const { byId, status } = mirror.found.getState();
      if (status !== 'ready') return;
      const finds = newFinds(known, byId);
      known = byId;
      const [first] = finds;
      if (first === undefined || isLookedAt()) return;
      const { machineWord } = commonWords(providers);
      show({
        level: 'warning',
        title:
          finds.length === 1
            ? foundTitle(first, machineWord)
            : `${finds.length} things cost and are not known to this Berth`,
        body: finds
          .map(({ name }) => name)
          .slice(0, 3)
          .join(', '),
        action,
      });
    };
    if (providers === null) return;
    tellBudgets();
    tellFinds();
    const stops = [
      view.subscribe(hideWhereSeen),
      mirror.costs.subscribe(tellBudgets),
      mirror.found.subscribe(tellFinds),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [app, providers]);
  return null;
}
