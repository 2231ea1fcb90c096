/** Stands in for the specs' jest environment, which asks a server for its version: `matchServerVersion` reads it from `capabilities`. */
const { TestEnvironment } = require('jest-environment-node');

module.exports = class VersionCheck extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.capabilities = { serverVersion: process.env.OFFICIAL_CLIENT_SERVER_VERSION };
  }
};
