# The service alone: EVENTSTORE_URL and DATABASE_URL name its event store and Postgres, which run elsewhere.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev --no-audit --no-fund --loglevel=error
COPY . .
# The optional packages are the embedded servers. This image never runs them, and scanners would report their libraries.
RUN npm run build && npm prune --omit=dev --omit=optional --no-audit --no-fund

FROM node:22-bookworm-slim
WORKDIR /app
# Without the two URLs the start fails and asks for them. DATA_DIR is a volume because an image that is built with the
# optional packages keeps the only copy of the log there.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/docs/openapi.json ./docs/openapi.json
COPY --from=build /app/src/console/browser ./src/console/browser
COPY --from=build /app/package.json /app/LICENSE /app/NOTICE ./
RUN install -d -o node -g node -m 700 /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=5s --retries=12 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
