// Programs that the conformance run starts, each with all it starts in a process group of its own. None outlives the run.
import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import readline from 'node:readline';

const endDeadline = 20_000;
const running = new Set();

process.on('exit', () => {
  for (const group of running) group.signal('SIGKILL');
});

/** Ends everything at the signals that end a script, and then the script itself. */
export function endWithSignals() {
  for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]]) {
    process.once(signal, async () => {
      await endAll();
      process.exit(128 + number);
    });
  }
}

export async function endAll() {
  await Promise.all([...running].map((group) => group.end()));
}

export class Group {
  /** `log`: the file that gets standard error, and standard output too unless `lines` are wanted. */
  constructor(name, command, args, { log, lines = false, ...options }) {
    this.name = name;
    const file = openSync(log, 'a');
    // A program that reads its standard input ends with us, however we end.
    this.child = spawn(command, args, { ...options, detached: true, stdio: ['pipe', lines ? 'pipe' : file, file] });
    closeSync(file);
    // Ended programs leave a broken pipe behind; nothing is ever written there.
    this.child.stdin.on('error', () => {});
    running.add(this);
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve({ error }));
      this.child.once('exit', (code, signal) => resolve({ code, signal }));
    });
  }

  /** To every process of the group; says nothing where none is left. */
  signal(name) {
    try {
      if (this.child.pid !== undefined) process.kill(-this.child.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }

  /** The first line on standard output that `matches`; rejects when there is none in time or the program ends before. */
  async line(matches, milliseconds) {
    const lines = readline.createInterface({ input: this.child.stdout });
    let timer;
    try {
      return await Promise.race([
        new Promise((resolve) => lines.on('line', (line) => matches(line) && resolve(line))),
        this.ended.then(({ error, code, signal }) => {
          throw new Error(`${this.name} ended before it was ready: ${error?.message ?? signal ?? code}`);
        }),
        new Promise((_, reject) => {
          timer = setTimeout(() => reject(new Error(`${this.name} was not ready within ${milliseconds} ms`)), milliseconds);
        }),
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for its end, then ends what it left behind; undefined where it had to be ended. */
  async finish(milliseconds) {
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    const status = await Promise.race([this.ended, late]);
    clearTimeout(timer);
    await this.end();
    return status;
  }

  /** Ends it as a service manager would. */
  async end() {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), endDeadline);
    await this.ended;
    clearTimeout(timer);
    // Whatever it started and left is in the same group.
    this.signal('SIGKILL');
    running.delete(this);
  }
}
