import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const OPENSSL = "openssl";
const SUBJECT = ["-subj", "/CN=127.0.0.1", "-addext"];
const NAMES = "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost,DNS:service.test";

/**
 * A certificate for this machine and for service.test, signed by itself; undefined where there is no openssl to make it,
 * which is told with what is left out then.
 */
export function makeCertificate(leftOut: string): Certificate | undefined {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const files = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert];
  try {
    execFileSync(OPENSSL, ["req", "-x509", "-days", "2", ...files, ...SUBJECT, NAMES], { stdio: "ignore" });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } catch {
    console.warn(`SKIPPED: ${leftOut}, because there is no openssl to make a certificate with.`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
