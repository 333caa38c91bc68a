import type { LogLevel, LogRecord, Probe } from "../../src/base/probe.js";

/** Keeps what was reported. */
export class RecordingProbe implements Probe {
  readonly records: LogRecord[] = [];

  isEnabled(): boolean {
    return true;
  }

  log(record: LogRecord): void {
    this.records.push(record);
  }

  events(level?: LogLevel): string[] {
    return this.records.filter((record) => level === undefined || record.level === level).map((record) => record.event);
  }

  of(event: string): LogRecord[] {
    return this.records.filter((record) => record.event === event);
  }
}
