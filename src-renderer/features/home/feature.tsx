/** What home gives to the window: its page. */
import { House } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';

const HomePage = lazy(() => import('./home-page.tsx'));

export const homeFeature: Feature = {
  name: 'home',
  views: [
    defineView({
      type: 'home',
      component: HomePage,
      describe: () => ({ title: 'Home', icon: House }),
    }),
  ],
};
