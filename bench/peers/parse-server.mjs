// Parse Server, as its own guide starts it, on PostgreSQL: a peer for bench/run.
import express from 'express';
import ParseModule from 'parse-server';

const { ParseServer } = ParseModule;
const port = Number(process.env.PORT);
const api = new ParseServer({
  databaseURI: process.env.DATABASE_URL,
  appId: 'bench',
  masterKey: 'bench-master-key',
  masterKeyIps: ['127.0.0.1', '::1', '::ffff:127.0.0.1'],
  serverURL: `http://127.0.0.1:${port}/parse`,
  allowClientClassCreation: true,
  silent: true,
  verbose: false,
});
await api.start();
const app = express();
app.use('/parse', api.app);
app.listen(port, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${port}/parse`));
