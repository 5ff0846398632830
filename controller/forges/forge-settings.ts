// What a forge has to be told, as plain data. Secrets are values here: where they are kept is the command line's business.

export type ForgeSettings = GithubSettings;

/** GitHub, or a GitHub Enterprise by its address. */
export interface GithubSettings {
  readonly kind: 'github';
  /** `owner/name`. */
  readonly repository: string;
  /** Such as `https://github.example.com/api/v3`; null: `https://api.github.com`. */
  readonly apiUrl: string | null;
  /** Where people look, without a `/` at its end; null: what belongs to `apiUrl`. */
  readonly webUrl: string | null;
  readonly auth: GithubAuth;
  /** Null: no webhooks are taken. */
  readonly webhookSecret: string | null;
}

export type GithubAuth =
  /** A person's token, a workflow's, or any other that was issued ready for use. */
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'app';
      /** App id or client id. */
      readonly appId: string;
      /** PEM. */
      readonly privateKey: string;
      /** Null: the installation of the repository. */
      readonly installationId: number | null;
    };
