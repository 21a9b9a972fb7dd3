# For the interactive bash of `understudy shell`.
PS1='(build) \w \$ '
