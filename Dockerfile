# Almoner with its private PostgreSQL: one container, one volume.
#
#   docker build --tag almoner .
#   docker run --publish 127.0.0.1:3000:3000 --volume almoner:/data --stop-timeout 60 almoner
#
# With DATABASE_URL (and ALMONER_MASTER_KEY) set it is a stateless replica instead, and needs no volume.

FROM docker.io/library/rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN SQLX_OFFLINE=true cargo build --release --locked --bin almoner

FROM docker.io/library/debian:bookworm-slim
# PostgreSQL's programs, without the cluster that Debian would make and start
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates postgresql-common \
 && printf 'create_main_cluster = false\n' >> /etc/postgresql-common/createcluster.conf \
 && apt-get install --yes --no-install-recommends postgresql-15 \
 && rm --recursive /var/lib/apt/lists/*
# a user with a name: PostgreSQL asks for it to tell who connects
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin almoner \
 && install --directory --owner almoner --group almoner --mode 0711 /data
COPY --from=build /src/target/release/almoner /usr/local/bin/almoner

USER almoner
WORKDIR /data
VOLUME /data
ENV ALMONER_DATA_DIR=/data ALMONER_LISTEN=0.0.0.0:3000
EXPOSE 3000
# the end takes up to half a minute where answers are slow: run with --stop-timeout 60
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s CMD ["almoner", "doctor", "--healthz"]
ENTRYPOINT ["almoner"]
CMD ["serve"]
