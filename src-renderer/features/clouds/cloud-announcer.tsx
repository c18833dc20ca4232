/** Says once when a budget comes near or is used up, and when something is found that costs and is not known. Draws nothing. */
import { useEffect } from 'react';
import type { FoundResource } from '#contract/clouds.ts';
import { useApp, useClouds } from '../../state/app-context.tsx';
import { activeTab } from '../../state/view-state.ts';
import { type BudgetState, budgetWarning, graverBudgets } from './cost-words.ts';
import { newFinds } from './new-finds.ts';
import { foundTitle } from './found-words.ts';
import { commonWords, useProviders } from './use-providers.ts';

export function CloudAnnouncer() {
  const app = useApp();
  // Without an account there is nothing to tell, and for who may not see any there is none.
  const providers = useProviders(useClouds().items.length > 0).answer;
  useEffect(() => {
    const { mirror, notices, view } = app;
    const isLookedAt = () => activeTab(view.getState())?.ref.type === 'clouds';
    const action = { label: 'Look', run: () => view.actions.open({ type: 'clouds' }) };
    let told: readonly BudgetState[] | null = null;
    const tellBudgets = () => {
      const { value } = mirror.costs.getState();
      const clouds = mirror.clouds.getState();
      if (value === null || clouds.status !== 'ready') return;
      for (const budget of graverBudgets(told, value.budgets)) {
        const label = clouds.byId.get(budget.cloudId)?.label ?? 'an account';
        const warning = budgetWarning(budget, label);
        if (warning !== null && !isLookedAt()) notices.show({ level: 'warning', ...warning, action });
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
      notices.show({
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
    const stops = [mirror.costs.subscribe(tellBudgets), mirror.found.subscribe(tellFinds)];
    return () => {
      for (const stop of stops) stop();
    };
  }, [app, providers]);
  return null;
}
