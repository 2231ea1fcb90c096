import { SetMetadata } from '@nestjs/common';

/** The metadata key under which a route or controller holds its access: a token scope, or `OPEN`. */
export const ACCESS = 'access';
export const OPEN = 'open';

/** Opens a route to callers without a token. A route with neither this nor a scope is refused. */
export const OpenToAll = () => SetMetadata(ACCESS, OPEN);
