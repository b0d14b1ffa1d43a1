#!/bin/sh
# Opens a Konsole window with a tab for each worker. Then, in the tab
#   Visual plot manager      run-plotmanager          as the beamline operator
#   File manager             xafs_service file        as yourself, a member of staff
#   Headless plot manager    xafs_service plot        as yourself, a member of staff
exec konsole --separate --tabs-from-file @SHARE@/tab-layout "$@"
