/**
 * The least that a server of the same answers can be, in a process of its own: Node's http, a list that is one string,
 * and a create that is one row in SQLite, synced as Berth's are. Prints its port.
 */
import { createServer } from 'node:http';
import { DatabaseSync } from 'node:sqlite';

const [path = ':memory:', count = '100'] = process.argv.slice(2);
const database = new DatabaseSync(path);
database.exec(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, value TEXT)',
);
const insert = database.prepare('INSERT INTO row (value) VALUES (?)');
const item = { id: 'proj_00000000000000000000', name: 'a project', image: 'debian:12', environment: [] };
const list = JSON.stringify({ items: Array.from({ length: Number(count) }, () => item), next: null });

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'application/json');
  if (request.method === 'GET') return void response.end(list);
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    insert.run(body);
    response.writeHead(201).end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' && address !== null ? address.port : 0);
});
