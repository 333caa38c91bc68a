/** Version of this package. Written here rather than read from package.json, so that bundled servers know it too. */
export const PACKAGE_VERSION = "0.1.0";
