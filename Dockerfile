# syntax=docker/dockerfile:1

# --- build ------------------------------------------------------------------------------------------------------------
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends build-essential \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The caches stay in the builder; only the files copied to /image become part of a layer.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package pointsman --bin pointsman \
 && mkdir -p /image/usr/local/bin /image/pointsman/config /image/pointsman/data \
 && cp target/release/pointsman /image/usr/local/bin/pointsman \
 && cp config/pointsman.yaml /image/pointsman/config/pointsman.yaml

# --- run --------------------------------------------------------------------------------------------------------------
# No shell and no package manager: only the C library, certificate authorities and an unprivileged user.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /image/usr /usr
# Owned by that user, because Pointsman stores what operators create in data/.
COPY --from=build --chown=65532:65532 /image/pointsman /pointsman
WORKDIR /pointsman
VOLUME ["/pointsman/data"]
# The admin port, 7335, listens on the container's own loopback. To reach it, set both POINTSMAN__LISTEN__ADMIN=0.0.0.0:7335
# and POINTSMAN__ADMIN__TOKEN: Pointsman refuses one without the other.
EXPOSE 7333 7334 7335
# Calls the admin port of the configuration file and the environment. Set POINTSMAN__LISTEN__ADMIN rather than --admin-addr,
# because the health check cannot see the flags of `serve`.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/local/bin/pointsman", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/pointsman"]
CMD ["serve"]
