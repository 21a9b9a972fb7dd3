#!/usr/bin/env bash
# aws-cli.sh DIRECTORY: the real AWS CLI with all it imports, for the Python 3.11 of the stand-in image.
set -euo pipefail

directory=$1
work=$directory.part
rm -rf "$work"
python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-compile \
  --python-version 3.11 --only-binary :all: --target "$work" awscli==1.46.3

# Four fifths of it are texts for `aws help` and service models. The models must stay, but may be compressed.
rm -rf "$work/awscli/examples"
find "$work" -name 'examples-1.json' -delete
find "$work" -path '*/botocore/data/*' -name '*.json' -size +8k -print0 | xargs -0 -P "$(nproc)" -n 50 gzip -9 --no-name
mv "$work" "$directory"
