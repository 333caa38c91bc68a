import { defineConfig } from "vitest/config";
import { alias } from "./vitest.config.js";

// Minutes of broken networks and killed services, so not part of `npm test`: `npm run test:faults`.
export default defineConfig({
  resolve: { alias },
  test: { include: ["test/faults/**/*.test.ts"], fileParallelism: false, testTimeout: 600_000, hookTimeout: 60_000 },
});
