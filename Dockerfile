# The operator's image: docker build --tag sluice .
# The file system is made by scripts/image.ts, which also packs the same image without Docker; here it only gets a Debian to take the C libraries from. Pin that by digest:
#   docker build --build-arg BUILDER=node@sha256:… .
ARG BUILDER=node:24.21.0-bookworm

FROM ${BUILDER} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY LICENSE tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build && node_modules/.bin/node scripts/image.ts root /image

FROM scratch
COPY --from=build /image /
LABEL org.opencontainers.image.title="sluice"
LABEL org.opencontainers.image.description="A Kubernetes operator that manages AWS data shares declaratively"
LABEL org.opencontainers.image.version="0.1.0"
LABEL org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/usr/local/bin
ENV NODE_ENV=production
ENV MALLOC_ARENA_MAX=2
WORKDIR /app
EXPOSE 8080/tcp
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=4", "--heap-growing-percent=30", "--memory-saver-mode", "/app/dist/main.js"]
