import { SetMetadata } from '@nestjs/common';

/** Under this key a route, or its class, says who may ask: the scope of a token, or `OPEN`. */
export const ACCESS = 'access';
export const OPEN = 'open';

/** For what everybody may ask without a token. A route that names neither this nor a scope is refused. */
export const OpenToAll = () => SetMetadata(ACCESS, OPEN);
