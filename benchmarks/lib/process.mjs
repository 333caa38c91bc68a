import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

/** The kernel counts CPU time in ticks of this many microseconds. */
const TICK_US = 10_000;

/** CPU time that a process has used so far, all its threads together, in microseconds; from the operating system. */
export function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the program, in brackets, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Resident memory of a process in bytes. */
export function memoryOf(pid) {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}

/** Starts a module of Node as a process of its own, which says once (by IPC) what it has to say when it is ready. */
export async function startModule(url, env, execArgv = []) {
  const child = fork(url, {
    env: { ...process.env, ...env },
    execArgv,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`${url} ended with ${code} before it was ready`);
  });
  failed.catch(() => {});
  const [ready] = await Promise.race([once(child, "message"), failed]);
  return { child, ready };
}

/** Starts a program that is no module of ours. */
export function startProgram(command, env) {
  const [program, ...args] = command.split(" ");
  return spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "inherit"] });
}

export async function stopProcess(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
