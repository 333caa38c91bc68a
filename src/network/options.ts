/** Certificates for TLS to the service, as in `node:tls`; PEM texts, or their bytes. */
export interface TlsOptions {
  /**
   * Authorities that are trusted, in place of those that Node.js trusts by itself; to add one to these, set the variable
   * NODE_EXTRA_CA_CERTS.
   */
  readonly ca?: string | Buffer | ReadonlyArray<string | Buffer>;
  /** Certificate that this process shows when it is asked for one. */
  readonly cert?: string | Buffer;
  /** Private key of {@link cert}. */
  readonly key?: string | Buffer;
  /** Opens {@link key} when it is encrypted. */
  readonly passphrase?: string;
}

/** How this process gets out to the service: for server connections and REST calls. */
export interface NetworkOptions {
  /**
   * An HTTP proxy for everything that goes to the service, as `http://host:port` or `https://host:port`, with
   * `user:password@` if it wants them; false: none, whatever the environment says.
   * @default the variables HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; addresses of this machine need no proxy
   */
  readonly proxy?: string | URL | false;
  /** @default what Node.js trusts, and no certificate of our own */
  readonly tls?: TlsOptions;
}
