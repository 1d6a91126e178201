# Sempre in a container. Its sessions are processes of the container: they outlive browsers, networks and pages, but they
# end with the container. docs/install.md says how it is run, and when another way is better.

FROM rust:1.95-trixie AS build
# The build asks for Node.js 20 or newer; versions are the distribution's.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add wasm32-unknown-unknown
WORKDIR /src
COPY . .
RUN cargo xtask build --release

FROM debian:trixie-slim
# tini reaps what programs of sessions leave behind. Tools for the sessions themselves belong into an image made FROM this one.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --user-group --create-home --shell /bin/bash sempre \
    && install -d -o sempre -g sempre -m 0700 /data
COPY --from=build /src/target/release/sempre /src/target/release/sempre-holder /usr/local/bin/
COPY --from=build /src/LICENSE /usr/local/share/doc/sempre/LICENSE

USER 1000:1000
WORKDIR /home/sempre
# Journals, the token and the database. An engine that has no volume of this name keeps an anonymous one.
VOLUME /data
# All addresses of the container; which of the host's lead here says the engine. With the container its sessions are told
# to end, so that shells save their history and journals are complete.
ENV SEMPRE_DATA_DIR=/data \
    SEMPRE_LISTEN=0.0.0.0:8084 \
    SEMPRE_END_SESSIONS=true
EXPOSE 8084
STOPSIGNAL SIGTERM
# By the socket in the data directory: it needs no key, and works with TLS and below a path, too.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 CMD ["sempre", "stats", "--json"]
ENTRYPOINT ["tini", "--", "sempre"]
CMD ["serve"]
