// An OpenID Connect provider for the tests: `node provider.mjs CONFIGURATION`, a file of JSON with
// port, client, accounts (claims by name) and audience. Its own pages ask who signs in; every
// password is right.
import { readFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const { port, client, machine, accounts, audience } = JSON.parse(readFileSync(process.argv[2]));
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [client, machine],
  pkce: { required: () => true },
  claims: {
    openid: ["sub"],
    profile: ["name", "preferred_username", "groups", "sites"],
  },
  scopes: ["openid", "profile", "cases:read", "cases:write"],
  findAccount: (_, id) =>
    accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
  features: {
    clientCredentials: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // Systems ask for the product; people's tokens are for the provider's own page of claims.
      defaultResource: (_, { clientId }) => (clientId === machine.client_id ? audience : undefined),
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "cases:read cases:write",
        accessTokenFormat: "jwt",
        accessTokenTTL: 60,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  cookies: { keys: ["for tests only"] },
});
provider.listen(port, "127.0.0.1", () => console.log("ready"));
