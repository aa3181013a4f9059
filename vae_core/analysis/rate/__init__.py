"""The rate: by dimension, class and channel, and in the parts of the aggregate posterior."""
