# syntax=docker/dockerfile:1

# --- build ------------------------------------------------------------------------------------------------------------
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends build-essential \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The caches stay with the builder; only what is copied out of them becomes part of a layer.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package pointsman --bin pointsman \
 && mkdir -p /image/usr/local/bin /image/pointsman/config /image/pointsman/data \
 && cp target/release/pointsman /image/usr/local/bin/pointsman \
 && cp config/pointsman.yaml /image/pointsman/config/pointsman.yaml

# --- run --------------------------------------------------------------------------------------------------------------
# No shell, no package manager; the C library and certificate authorities, and a user without rights.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /image/usr /usr
# Owned by that user: routes made through the admin API are kept in data/.
COPY --from=build --chown=65532:65532 /image/pointsman /pointsman
WORKDIR /pointsman
VOLUME ["/pointsman/data"]
# The admin port, 7335, listens on the container's own loopback. To reach it, set POINTSMAN__LISTEN__ADMIN=0.0.0.0:7335
# together with POINTSMAN__ADMIN__TOKEN: one without the other is refused.
EXPOSE 7333 7334 7335
# Asks the admin port that the file and the environment name. Set POINTSMAN__LISTEN__ADMIN rather than --admin-addr, which
# this cannot see.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/local/bin/pointsman", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/pointsman"]
CMD ["serve"]
