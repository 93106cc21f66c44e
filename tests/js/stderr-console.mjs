// Sends whatever the packages log to standard error: standard output is for results. Imported before lockdown, which
// wraps the console that it finds.

import { Console } from 'node:console';

globalThis.console = new Console(process.stderr);
