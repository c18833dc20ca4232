/** `/health`: for whoever watches this Berth from outside, without an account; so in numbers, and without a name. */
import type { Hono } from 'hono';
import type { Plane } from '../../control-plane/plane.ts';
import type { ApiEnvironment } from '../rest-routes.ts';

export function addHealthRoutes(app: Hono<ApiEnvironment>, look: Plane['health']): void {
  app.use('/health/*', async (context, next) => {
    context.header('Cache-Control', 'no-store');
    await next();
  });
  app.get('/health', async (context) => {
    context.header('Cache-Control', 'no-store');
    return context.json(await look());
  });
  // The process answers: that is all there is to live. Who restarts it because a database is away makes nothing better.
  app.get('/health/live', (context) => context.json({ status: 'ok', live: true }));
  app.get('/health/ready', async (context) => {
    const { status, ready, database } = await look();
    return context.json({ status, ready, database }, ready ? 200 : 503);
  });
}
