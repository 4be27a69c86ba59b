# Godwit in a container. Sandboxes inside need user namespaces and a mount of /proc, which a container's defaults forbid:
#
#   docker build -t godwit .
#   docker run --rm -it --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined \
#     -v "$PWD:/work" -v godwit:/state godwit run /work
#
# What these flags give up, the sandbox gives back for what runs in it: see docs/install.md.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /src
COPY . .
RUN dotnet publish src/Godwit.Cli -c Release -r linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/') -o /godwit

FROM mcr.microsoft.com/dotnet/sdk:10.0
RUN apt-get update \
  && apt-get install -y --no-install-recommends bubblewrap shfmt git util-linux libssl3 ripgrep \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /godwit /opt/godwit
ENV GODWIT_HOME=/state
VOLUME /state
WORKDIR /work
ENTRYPOINT ["/opt/godwit/Godwit.Cli"]
