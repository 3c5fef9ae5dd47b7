# syntax=docker/dockerfile:1

# Everything native (SQLite, libpq, OpenSSL, AWS-LC) is compiled from the crates' own sources:
# Rust, a C compiler, make and perl are all it takes.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev make perl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin qianshou \
    && install -D --strip target/release/qianshou /out/qianshou

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 qianshou \
    && useradd --uid 10001 --gid 10001 --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin qianshou \
    && install -d -o 10001 -g 10001 -m 0700 /data /keys
COPY --from=build /out/qianshou /usr/local/bin/qianshou

# Nothing is written outside /data, /keys and /tmp, so the root file system may be read-only.
# Keys live apart from the data they protect: back up the two separately.
ENV QIANSHOU_SERVER__BIND=0.0.0.0:8080 \
    QIANSHOU_KEYS__DIR=/keys \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 10001:10001
# The embedded default keeps its database under ./data, which is /data here.
WORKDIR /
VOLUME ["/data", "/keys"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/qianshou", "doctor", "--live"]
ENTRYPOINT ["/usr/local/bin/qianshou"]
CMD ["serve"]
