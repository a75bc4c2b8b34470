// A real OpenID provider for tests (npm's oidc-provider), which knows everyone, and what a person does at it.
import { Provider, type Configuration } from "oidc-provider";
import type { Page } from "@playwright/test";

/** What a provider is told of its one client, and of people. */
export interface Known {
  /** What the client is called, and known by. */
  client: { id: string; secret: string };
  /** Where it has people sent back to. */
  redirect: string;
  /** The groups of whoever is called so. */
  groupsOf: (name: string) => string[];
}

/** The name that a person of the provider has in the cluster. */
export function email(name: string): string {
  return `${name}@podshell.test`;
}

/** A provider that is called so, with these settings beside those that each has. */
export function provide(issuer: string, { client, redirect, groupsOf }: Known, more: Configuration = {}): Provider {
  return new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [redirect],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    claims: { email: ["email", "email_verified", "groups"] },
    // the API server, and we, read the ID token alone
    conformIdTokenClaims: false,
    cookies: { keys: ["of the test"] },
    findAccount: (_, name) => ({
      accountId: name,
      claims: () => ({ sub: name, email: email(name), email_verified: true, groups: groupsOf(name) }),
    }),
    ...more,
  });
}

/** What a person does at the provider: says who they are, and agrees. */
export async function agree(page: Page, name: string): Promise<void> {
  await page.locator("input[name=login]").fill(name);
  await page.locator("input[name=password]").fill("anything");
  await page.locator("button[type=submit]").click();
  await page.getByRole("button", { name: /continue/i }).click();
}
