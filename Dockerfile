# The command line with kubectl and an ssh client:
#   docker build -t pullcast .
#   docker run --rm -v ~/.kube:/home/pullcast/.kube:ro -v ~/.ssh:/home/pullcast/.ssh:ro \
#     -v ~/.docker:/home/pullcast/.docker:ro pullcast push
# BASE may be any Debian: a Node that is missing or too old there comes from npm's package "node".
ARG BASE=node:20-bookworm-slim

FROM ${BASE} AS build
ENV DEBIAN_FRONTEND=noninteractive
# Behind a proxy with a CA of its own: put its certificate into the build context as CA (PEM, .crt).
# It serves the build only, it is not in the image.
ARG CA=proxy-ca.crt
COPY package.json ${CA}* /usr/local/share/ca-certificates/
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm_config_cafile=/etc/ssl/certs/ca-certificates.crt
RUN set -eu; \
    apt-get update; \
    apt-get install -y --no-install-recommends ca-certificates curl; \
    update-ca-certificates; \
    if ! command -v npm >/dev/null; then apt-get install -y --no-install-recommends nodejs npm; fi; \
    if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b >= 2019 ? 0 : 1)'; then \
      npm install --global --no-fund --no-audit node@20; \
    fi; \
    hash -r; \
    install -D -m 0755 "$(readlink -f "$(command -v node)")" /out/usr/local/bin/node

WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-fund --no-audit
COPY agent ./agent
COPY cli ./cli
COPY scripts/build.mjs ./scripts/
RUN set -eu; \
    node scripts/build.mjs --outdir /out/opt/pullcast/dist; \
    cp package.json package-lock.json /out/opt/pullcast/; \
    cd /out/opt/pullcast; \
    npm ci --omit=dev --ignore-scripts --no-fund --no-audit; \
    ln -s /opt/pullcast/dist/cli/pullcast.js /out/usr/local/bin/pullcast; \
    ln -s /opt/pullcast/dist/cli/kubectl-pullcast.js /out/usr/local/bin/kubectl-pullcast

# A kubectl of your own: put it into the build context, --build-arg KUBECTL=PATH/kubectl names it.
# Else that of KUBECTL_VERSION is downloaded and checked by KUBECTL_SHA256, or by the sum published beside it.
ARG KUBECTL=kubectl
ARG KUBECTL_VERSION=v1.35.4
ARG KUBECTL_SHA256=
COPY package.json ${KUBECTL}* /given/
RUN set -eu; \
    to=/out/usr/local/bin/kubectl; \
    given=$(find /given -type f ! -name package.json | head -n 1); \
    if [ -n "$given" ]; then \
      install -m 0755 "$given" "$to"; \
    else \
      url=https://dl.k8s.io/release/$KUBECTL_VERSION/bin/linux/$(dpkg --print-architecture)/kubectl; \
      curl -fsSL --retry 3 -o "$to" "$url"; \
      sum=${KUBECTL_SHA256:-$(curl -fsSL --retry 3 "$url.sha256")}; \
      echo "$sum  $to" | sha256sum --check --quiet; \
      chmod 0755 "$to"; \
    fi; \
    "$to" version --client >/dev/null

FROM ${BASE}
RUN set -eu; \
    apt-get update; \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates libstdc++6 openssh-client; \
    rm -rf /var/lib/apt/lists/*; \
    useradd --uid 65532 --create-home --shell /usr/sbin/nologin pullcast
COPY --from=build /out /
USER 65532:65532
ENV HOME=/home/pullcast
WORKDIR /home/pullcast
ENTRYPOINT ["pullcast"]
