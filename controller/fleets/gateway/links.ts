// The URLs that devices are given. Absolute, as every client needs them, and made of what the device itself used, or of
// the public URL where one is configured. What proxies add (`X-Forwarded-*`) is ignored: any client could send it.

const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** Scheme and authority for links, such as `http://10.0.0.1:8080`; null where the Host header is not one. */
export function baseUrl(
  publicUrl: string | null,
  host: string | undefined,
  encrypted: boolean,
): string | null {
  if (publicUrl !== null) return publicUrl.endsWith('/') ? publicUrl.slice(0, -1) : publicUrl;
  if (host === undefined || !HOST.test(host)) return null;
  return `${encrypted ? 'https' : 'http'}://${host}`;
}

/** The links of one device, all below its own resource. */
export interface DeviceLinks {
  readonly configData: string;
  deployment(actionId: number, sha256: string): string;
  cancel(actionId: number): string;
  artifact(version: number, fileName: string): string;
}

/**
 * Builds a device's links. The tenant is repeated as the device wrote it, except that `default` turns to upper case:
 * Zephyr before 4.1 always polls as `default` and looks for `/DEFAULT/` in the download link.
 */
export function deviceLinks(base: string, tenant: string, deviceId: string): DeviceLinks {
  const shown = tenant.toLowerCase() === 'default' ? 'DEFAULT' : tenant;
  const self = `${base}/${encodeURIComponent(shown)}/controller/v1/${encodeURIComponent(deviceId)}`;
  return {
    configData: `${self}/configData`,
    // The number changes with what is offered, as hawkBit's does, so that a cached document is not taken for another.
    deployment: (actionId, sha256) =>
      `${self}/deploymentBase/${actionId}?c=${Number.parseInt(sha256.slice(0, 7), 16)}`,
    // Clients append `/feedback` to this one, so it carries no query.
    cancel: (actionId) => `${self}/cancelAction/${actionId}`,
    artifact: (version, fileName) =>
      `${self}/softwaremodules/${version}/artifacts/${encodeURIComponent(fileName).replaceAll('%2B', '+')}`,
  };
}
